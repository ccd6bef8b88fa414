# The generated Ruby bindings: the same engine, the same errors. Run by `make -C churn-ffi test-uniffi`.
require 'json'
require 'churn_uniffi'

ROOT = File.expand_path('../../..', __dir__)
RECORD = { customer_id: 'A1', tenure_months: 2, monthly_charges: 89.9, contract: 'Month-to-month' }.freeze
$passed = 0

def check(good, what)
  abort "FAILED: #{what}" unless good
  $passed += 1
end

def fails(code)
  yield
rescue StandardError => e
  check(e.failure.code == code && e.failure.number > 1000 && !e.failure.message.empty?, "#{code}: #{e.inspect}")
else
  check(false, "#{code} was not raised")
end

engine = ChurnUniffi::Engine.pretrained('telecom')
one = engine.score_one(JSON.generate(RECORD), JSON.generate({ scored_at: '2026-03-01T10:00:00Z' }))
whole = JSON.parse(one.json)
check(one.churn_probability == whole['churn_probability'] && one.risk_level == whole['risk_level'], 'one customer')
german = engine.with_language('de').score_one(JSON.generate(RECORD), nil)
check(german.reasons != one.reasons && german.churn_probability == one.churn_probability, 'reasons in German')
check(one.low <= one.churn_probability && one.churn_probability <= one.high, 'its interval')
path = File.join(ROOT, 'test-data/telecom_labelled.csv')
table = JSON.parse(engine.score(ChurnUniffi::Table::PATH.new(path: path), nil))
check(table['predictions'].length == 2000 && table['summary']['customers'] == 2000, 'a file')
records = ChurnUniffi::Table::RECORDS.new(json: JSON.generate([RECORD]))
check(JSON.parse(engine.score(records, nil))['predictions'][0]['churn_probability'] == one.churn_probability, 'records')
fields = JSON.parse(ChurnUniffi.map_headers(['tenure_months'], '{"profile": "telecom"}'))['fields']
check(fields == { 'tenure_months' => 'tenure_months' }, 'headers')
check(JSON.parse(ChurnUniffi.validate(ChurnUniffi::Table::PATH.new(path: path), nil))['ok'], 'a report')
check(engine.model_version.start_with?('churn-telecom', 'telecom'), 'its version')

fails('model_not_found') { ChurnUniffi::Engine.pretrained('bakery') }
fails('io') { engine.score(ChurnUniffi::Table::PATH.new(path: "no/such.csv"), nil) }
fails('malformed') { engine.score_one('[]', nil) }
fails('field_unmapped') { engine.score_one('{"tenure_months": 2}', nil) }
fails('invalid_argument') { engine.score_one(JSON.generate(RECORD), '{"reason": 2}') }
puts "#{$passed} passed, 0 failed"
